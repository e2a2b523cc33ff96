// Workbooks, written row by row.
#pragma once
#include <xlsxwriter.h>
