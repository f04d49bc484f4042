"""What image scripts use of TensorFlow through ``import fashioncnn as tf``: `names`, and modules; on arrays."""
