"""What the diffractometer and the microscope would see."""
