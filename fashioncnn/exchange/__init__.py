"""Models to and from other programs: ONNX, C, PyTorch. `Model.export` writes, `fashioncnn.saving` offers the rest."""
