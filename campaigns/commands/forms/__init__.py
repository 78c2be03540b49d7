"""What people type about orders → clean values, and requests as TokPortal wants them."""
