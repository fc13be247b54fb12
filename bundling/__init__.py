"""What `build.spec` puts into a bundle, and what it leaves out. Knows PyInstaller's lists, not PyInstaller.

    contents      modules and files that stay out, each with its reason; data that nobody finds by reading imports
    model_code    the part of transformers that the engine can reach
    icons         the icon in Windows' and macOS' formats
    identity      version resource and Info.plist: what the systems show of the program
    slimming      symbols that no one needs
    licences      the terms of everything inside, as one file

The rule: what is left out is not missed by any room of the app; `app.py --smoke` in the built folder and a test of the imports hold it to that.
"""
