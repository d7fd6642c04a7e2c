"""Agents that learn a policy or values from rewards, and the engines that they share."""
