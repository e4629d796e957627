"""Whether a picture that arrives shows anything: frozen, black, covered, defocused, moved.

Decided on decoded keyframes, in pure modules: `look.py` takes from a picture what is compared, one module for
each fault judges it, `watch.py` keeps one camera's memory. `watcher.py` is the shell with clock and thread.
"""
