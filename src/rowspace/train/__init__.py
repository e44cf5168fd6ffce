"""One training: epochs of plans, costs, snapshots, traces, and what a resume is compared by."""
