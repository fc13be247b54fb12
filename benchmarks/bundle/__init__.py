"""The bundle's weight and its start beside the same program unpackaged.

parts     what is in the folder, and what was left out of it
packing   the folder as the archives that people download
starting  from the start of the process to a page that takes a letter, in a real Chromium
"""
