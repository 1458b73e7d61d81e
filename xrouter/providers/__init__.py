"""Who answers: rows of data, and how `auto` finds the right one."""
