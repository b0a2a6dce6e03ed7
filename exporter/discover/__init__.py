"""Commissioning: ask a device gently, judge what its words mean, and write down what was found."""
