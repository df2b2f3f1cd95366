#!/bin/bash
# One job of a qdstruct tree, written by qdstruct; every value below is quoted for the shell.
cd -- {{ directory }} || exit 1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
{% for line in setup %}
{{ line | as_typed }}
{% endfor %}
exec {{ command | words }} >>{{ log }} 2>&1
