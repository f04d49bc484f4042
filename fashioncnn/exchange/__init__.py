"""Models to and from other programs: ONNX and C. `Model.export` writes them, `fashioncnn.saving` reads them."""
