"""read a device once and print what it says"""
