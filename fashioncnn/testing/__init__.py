"""What tests of networks need: gradients that are right, weights that are the same, trainings that go as before."""
