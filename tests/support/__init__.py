"""What tests of every room need: waiting for a condition, and watching for leaks. No test stands here."""
