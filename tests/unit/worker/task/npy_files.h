/* npy_files.h - a directory for one test, and .npy files written byte by byte. */
#ifndef TESTS_NPY_FILES_H
#define TESTS_NPY_FILES_H
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct directory {
    char path[256];
};

static inline struct directory directory_make(void)
{
    struct directory made;
    const char *parent = getenv("TMPDIR");
    snprintf(made.path, sizeof made.path, "%s/ldt-arrays.XXXXXX", parent ? parent : "/tmp");
    if (mkdtemp(made.path) == NULL)
        abort();
    return made;
}

static inline void directory_remove(const struct directory *directory)
{
    char path[600];
    DIR *listing = opendir(directory->path);
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", directory->path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(listing);
    rmdir(directory->path);
}

static inline const char *path_in(const struct directory *directory, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", directory->path, name);
    return path;
}

/* A new file each time: some file systems wait for the disk when an old one is rewritten. */
static inline void write_bytes(const char *path, const void *bytes, size_t count)
{
    unlink(path);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, count, file) != count || fclose(file) != 0)
        abort();
}

/* Version 1.0 with any dictionary; returns the length. */
static inline size_t npy_image(unsigned char *out, const char *dictionary, const void *values,
                               size_t bytes)
{
    size_t length = strlen(dictionary);
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (unsigned char)length;
    out[9] = (unsigned char)(length >> 8);
    memcpy(out + 10, dictionary, length);
    if (bytes > 0)
        memcpy(out + 10 + length, values, bytes);
    return 10 + length + bytes;
}

static inline void write_npy(const char *path, const char *dictionary, const void *values,
                             size_t bytes)
{
    unsigned char *image = malloc(10 + strlen(dictionary) + bytes);
    write_bytes(path, image, npy_image(image, dictionary, values, bytes));
    free(image);
}

/* As NumPy would save values of that type and shape: write_array(path, "<f4", "(2, 3)", ...). */
static inline void write_array(const char *path, const char *type, const char *shape,
                               const void *values, size_t bytes)
{
    char dictionary[256];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", type, shape);
    write_npy(path, dictionary, values, bytes);
}
#endif
