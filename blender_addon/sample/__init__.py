"""The sample terrain: a small landscape, ready to paint, for somebody who has nothing to paint yet.

`landscape.py` says what lies where (numpy alone), `house.py` shapes the house, `scene.py` makes Blender's objects of both.
"""
