"""Long proofs: many simulated lives, each judged by an oracle that shares no code with the product.

A proof is a module with a function `prove(options)`, or a coroutine function, that returns a
`Proof`. It says what failed with `frame.say`, and how to replay that alone with `frame.replay`.
"""

from importlib import import_module

# The test package patches Home Assistant; it refuses to where that was imported before.
import_module("tests.support.early")
