"""Looks at networks: asks what devices say of themselves, and writes down what they answer.

This package stands on the standard library of Python 3.8 and on nothing else, and its modules
import only each other: `watchglass trust collect` packs it into one file that runs on any machine.
Every byte that it sends stands in `questions`. It judges nothing.
"""
