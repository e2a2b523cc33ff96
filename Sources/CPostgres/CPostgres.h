// The door to libpq.
#pragma once
#include <libpq-fe.h>
