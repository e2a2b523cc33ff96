#define _GNU_SOURCE
#include "CXLSXWriter.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic int first_problem;

static void note_problem(int problem) {
    int none = 0;
    atomic_compare_exchange_strong(&first_problem, &none, problem);
}

void cxlsxwriter_begin(void) { first_problem = 0; }

int cxlsxwriter_problem(void) { return first_problem; }

static ssize_t read_bytes(void *file, char *bytes, size_t count) {
    ssize_t done;
    do done = read((int)(intptr_t)file, bytes, count);
    while (done < 0 && errno == EINTR);
    if (done < 0) note_problem(errno);
    return done;
}

static ssize_t write_bytes(void *file, const char *bytes, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t more = write((int)(intptr_t)file, bytes + done, count - done);
        if (more > 0) {
            done += (size_t)more;
        } else if (more == 0 || errno != EINTR) {
            note_problem(more == 0 ? ENOSPC : errno);
            return 0;
        }
    }
    return (ssize_t)done;
}

static int seek(void *file, off64_t *place, int whence) {
    off64_t moved = lseek64((int)(intptr_t)file, *place, whence);
    if (moved < 0) {
        note_problem(errno);
        return -1;
    }
    *place = moved;
    return 0;
}

static int close_file(void *file) {
    int result = close((int)(intptr_t)file);
    if (result < 0) note_problem(errno);
    return result;
}

/// Stands in for the library's own function of this name, which it calls as one of a shared library. The file has no name in its folder.
FILE *lxw_tmpfile(char *folder) {
    char *path;
    if (asprintf(&path, "%s/.xlsx-XXXXXX", folder ? folder : P_tmpdir) < 0) {
        note_problem(ENOMEM);
        return NULL;
    }
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) unlink(path);
    free(path);
    const cookie_io_functions_t functions = {
        .read = read_bytes, .write = write_bytes, .seek = seek, .close = close_file};
    FILE *stream = file < 0 ? NULL : fopencookie((void *)(intptr_t)file, "w+", functions);
    if (stream == NULL) {
        note_problem(errno);
        if (file >= 0) close(file);
    }
    return stream;
}
