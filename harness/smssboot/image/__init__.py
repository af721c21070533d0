"""From a recipe to something that boots: guest binaries, hives, the boot modules, the disk.

`recipe.load_recipe(name or path)` reads a recipe, `build.build(recipe, arch, out)` makes the image, and
`BuiltImage.plant(nonce, path)` and `plant_disk(nonce, path, line)` write modules and disk of one boot.
Nothing is imported here, so that the unchanged-image path stays cheap.
"""
