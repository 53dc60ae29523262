#include "common/trainer/reference.h"
#include "common/trainer/metric.h"
#include "common/trainer/setting.h"

#include <stdbool.h>
#include <string.h>

enum { NAME_COLUMNS = 25, LINE_COLUMNS = 100 };

/* A list that is being written into a buffer of the caller: "a, b, c". */
struct list {
    char text[256];
    size_t used;
    int count;
};

static void list_add(struct list *list, const char *word)
{
    size_t left = sizeof list->text - list->used;
    int added = snprintf(list->text + list->used, left, "%s%s", list->count > 0 ? ", " : "", word);
    list->used += (size_t)added < left ? (size_t)added : left - 1;
    list->count++;
}

/* Prints text in the right-hand column, where the cursor stands, broken at blanks. */
static void print_wrapped(FILE *out, const char *text)
{
    int room = LINE_COLUMNS - NAME_COLUMNS;
    while ((int)strlen(text) > room) {
        int length = room;
        while (length > 0 && text[length] != ' ')
            length--;
        if (length == 0)
            break;
        fprintf(out, "%.*s\n%*s", length, text, NAME_COLUMNS, "");
        text += length + 1;
    }
    fprintf(out, "%s\n", text);
}

static void print_entry(FILE *out, const char *name, const char *text)
{
    fprintf(out, "  %-*s", NAME_COLUMNS - 2, name);
    if (strlen(name) > NAME_COLUMNS - 3)
        fprintf(out, "\n%*s", NAME_COLUMNS, "");
    print_wrapped(out, text);
}

static void print_more(FILE *out, const char *text)
{
    fprintf(out, "%*s", NAME_COLUMNS, "");
    print_wrapped(out, text);
}

static struct list list_methods(unsigned methods)
{
    struct list list = { .text = "" };
    for (int method = 0; method < METHODS; method++)
        if (methods & METHOD_BIT(method))
            list_add(&list, method_name((enum method)method));
    return list;
}

static struct list list_all_or_methods(unsigned methods)
{
    struct list every = list_methods(~0u), list = list_methods(methods);
    return list.count == every.count ? (struct list){ .text = "all" } : list;
}

static struct list list_tasks(unsigned tasks)
{
    struct list list = { .text = "" };
    for (int task = 0; task < TASKS; task++)
        if (tasks & 1u << task)
            list_add(&list, task_name((enum task)task));
    return list;
}

/* The tasks from this one on that share its default; empty if an earlier one does. */
static struct list list_sharing_tasks(const struct setting_row *row, int first)
{
    struct list tasks = { .text = "" };
    for (int task = 0; task < TASKS; task++) {
        bool is_had = row->defaults[task] != NULL;
        if (!is_had || strcmp(row->defaults[task], row->defaults[first]) != 0)
            continue;
        if (task < first)
            return (struct list){ .text = "" };
        list_add(&tasks, task_name((enum task)task));
    }
    return tasks;
}

static struct list list_defaults(const struct setting_row *row)
{
    struct list list = { .text = "" };
    for (int task = 0; task < TASKS; task++) {
        char item[128];
        if (row->defaults[task] == NULL)
            continue;
        struct list tasks = list_sharing_tasks(row, task);
        if (tasks.count == 0)
            continue;
        snprintf(item, sizeof item, "%s (%.96s)", row->is_required ? "none" : row->defaults[task],
                 tasks.count == TASKS ? "all" : tasks.text);
        list_add(&list, item);
    }
    return list;
}

/* What a run gets that does not say: "default: auto (task-a, task-b), 0 (mujoco); methods: all". */
static void print_defaults(FILE *out, const struct setting_row *row)
{
    char text[1024];
    struct list defaults = list_defaults(row), methods = list_all_or_methods(row->methods);
    if (defaults.count == 0)
        snprintf(text, sizeof text, "required"); /* the task: all defaults depend on it */
    else
        snprintf(text, sizeof text, "default: %s; methods: %s", defaults.text, methods.text);
    print_more(out, text);
}

static void print_setting(FILE *out, const struct setting_row *row)
{
    char legal[256], text[512];
    setting_describe(row, legal, sizeof legal);
    snprintf(text, sizeof text, "%s%s%s", legal, row->unit != NULL ? "; in " : "",
             row->unit != NULL ? row->unit : "");
    print_entry(out, row->name, text);
    print_defaults(out, row);
    bool renamed = row->paper_name != NULL && strcmp(row->paper_name, row->name) != 0;
    snprintf(text, sizeof text, "%s%s%s", row->help, renamed ? "; in the paper: " : "",
             renamed ? row->paper_name : "");
    print_more(out, text);
}

static void print_metric(FILE *out, const struct metric_row *row)
{
    char text[1024];
    print_entry(out, row->name, row->help);
    snprintf(text, sizeof text, "tasks: %s; methods: %s%s", list_tasks(row->tasks).text,
             list_all_or_methods(row->methods).text,
             row->needs_selection ? "; selection_split above 0" : "");
    print_more(out, text);
}

void reference_print(FILE *out)
{
    fprintf(out, "settings (keys of \"parameters\"):\n");
    for (int id = 0; id < SETTINGS; id++)
        print_setting(out, &setting_table[id]);
    fprintf(out, "\nmetrics (keys of \"metrics\" in each line):\n");
    for (int id = 0; id < METRICS; id++)
        print_metric(out, &metric_table[id]);
}
