"""Its place makes tests/support.py importable from every folder below."""
