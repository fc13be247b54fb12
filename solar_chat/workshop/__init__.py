"""What is done to models: layers stacked deeper, the result proven, measured and exported.

`source` is where layers come from, `shelf` lists what is here, `preview` is what would be made of it, `upscaling` makes it, `measuring` and
`measurement` tell what it is worth, `exporting` writes it as one file, `building` is all of that as work on a thread that a page can watch and call
off. Doors import the module they need: copying files must not wait for an engine that nobody asked for.
"""
