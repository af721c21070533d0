"""From a recipe to something that boots: guest binaries, the SYSTEM hive, the boot modules.

`recipe.load_recipe(name or path)` reads a recipe, `build.build(recipe, arch, out)` makes the image, and
`BuiltImage.plant(nonce, path)` writes the modules of one boot.  Nothing is imported here, so that the
unchanged-image path stays cheap.
"""
