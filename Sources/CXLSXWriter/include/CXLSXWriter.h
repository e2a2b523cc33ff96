// Workbooks, written row by row.
#pragma once
#include <xlsxwriter.h>

/// The library keeps rows, and whatever becomes a part of a workbook, in temporary files, and does not look whether they take what it
/// writes. Here they are files that remember it: CXLSXWriter.c has the function by which the library makes them.
///
/// Forgets the problems of the workbook before. A program writes one workbook at a time.
void cxlsxwriter_begin(void);

/// The errno of the first problem with a temporary file since then, 0 without one.
int cxlsxwriter_problem(void);
