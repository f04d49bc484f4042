"""Pictures that need no model: of trainings, of images and points, and of a model's boxes and arrows."""
