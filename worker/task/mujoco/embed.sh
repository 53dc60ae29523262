#!/bin/sh
# Prints the C file that carries the models inside the program: worker/task/mujoco/NAME.xml as model_NAME.
# usage: sh worker/task/mujoco/embed.sh    (from the top of the repository)
echo '/* Made by worker/task/mujoco/embed.sh from the .xml files there: edit those. */'
echo '#include "worker/task/mujoco/models.h"'
for file in worker/task/mujoco/*.xml; do
    echo "const char model_$(basename "$file" .xml)[] ="
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^.*$/    "&\\n"/' "$file"
    echo '    ;'
done
