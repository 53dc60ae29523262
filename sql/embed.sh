#!/bin/sh
# Prints the C file that carries the schema inside the program: every NNN_name.sql as a migration, and views.sql.
# usage: sh sql/embed.sh    (from the top of the repository)
quote() { sed 's/\\/\\\\/g; s/"/\\"/g; s/^.*$/    "&\\n"/' "$1"; }
echo '/* Made by sql/embed.sh from the files in sql/: edit those. */'
echo '#include "coordinator/store/schema.h"'
echo 'const struct migration migrations[] = {'
for file in sql/[0-9][0-9][0-9]_*.sql; do
    number=${file#sql/}; number=${number%%_*}
    echo "    { $(expr "$number" + 0), \"${file#sql/}\","
    quote "$file"
    echo '    },'
done
echo '};'
echo 'const int schema_version = sizeof migrations / sizeof *migrations;'
echo 'const char views_sql[] ='
quote sql/views.sql
echo ';'
