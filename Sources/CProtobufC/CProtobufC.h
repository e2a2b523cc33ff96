// The door to libprotobuf-c.
#pragma once
#include <protobuf-c/protobuf-c.h>
