"""Other libraries doing the same work. They run in a virtual environment of their own (`make
peer-env`).
"""
