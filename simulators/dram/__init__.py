"""A command-level DRAM memory controller and device model that gives DRAMSys's answers."""
