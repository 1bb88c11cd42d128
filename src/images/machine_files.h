// Copying programs of this machine with the libraries that they need into a tree.
#pragma once

#include <string>
#include <vector>

#include "images/tree.h"

namespace unkai::images {

// Where a program of that name lies in the system's folders, links followed; empty: nowhere.
std::string locate_program(const std::string& name);

// What a program prints, or the error. No shell.
Result<std::string> output_of(std::vector<std::string> argv);

class MachineFiles {
public:
    explicit MachineFiles(Tree& tree) : tree_(tree) {}

    // The machine's `source` as `path`, and remembers to bring its libraries.
    Status add_program(const std::string& path, const std::string& source);
    // Shared objects that are loaded by name and so need their libraries too.
    void add_needs_of(const std::string& source) { programs_.push_back(source); }
    // All libraries of all programs so far, under the names by which they are looked for. Those in
    // `below` are there already. True in `linked_to` for a library whose name contains that text.
    Status add_libraries(const std::vector<const Tree*>& below);
    bool needs(std::string_view library) const;

private:
    Tree& tree_;
    std::vector<std::string> programs_;
    std::vector<std::string> libraries_;
};

}  // namespace unkai::images
