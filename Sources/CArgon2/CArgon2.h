// The door to libargon2.
#pragma once
#include <argon2.h>
