"""Pictures of one system on chip: how it is built (`platform_picture`) and what it does when (`schedule_picture`)."""
