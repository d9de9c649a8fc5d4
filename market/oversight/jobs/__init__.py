"""What oversight does after an act or by the clock: papers, draws, figures."""
