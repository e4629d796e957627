"""Labelled pictures for the picture watch: keyframes of which it is known what is wrong with them.

Made here from the simulator's scenes and from recorded footage (HOTLINE_TEST_CLIPS, where it is there), with
faults put in by transformation, and coded as a camera codes them.
"""
