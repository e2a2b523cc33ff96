// Reading a file whole.
#pragma once
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

inline std::string contents(const char *path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::cerr << "cannot read " << path << "\n";
        std::exit(1);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}
