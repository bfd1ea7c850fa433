"""Inference runtimes: the only package that imports one."""
