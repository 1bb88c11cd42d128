
#include <filesystem>
#include <fstream>
#include <sstream>

#include "migration/shift.h"

namespace unkai::migration {

using wire::Json;

namespace {

struct CommandWord {
    Command command;
    std::string_view word;
};
constexpr CommandWord command_words[] = {
    {Command::pause, "pause"},     {Command::resume, "resume"},
    {Command::promote, "promote"}, {Command::promote_fully, "promote-fully"},
    {Command::abort, "abort"},     {Command::undo, "undo"},
};

// The whole file appears at once, or not at all.
Status replace_file(const std::string& path, std::string_view content) {
    const std::string fresh = path + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    file << content;
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(fresh, path, error);
    if (!file || error)
        return fail("FileUnwritable",
                    "Cannot write " + path + ". Choose another --data-dir, or run as its owner.");
    return ok();
}

}  // namespace

Result<Command> parse_command(std::string_view word) {
    for (const CommandWord& one : command_words)
        if (one.word == word) return one.command;
    return fail("CommandUnknown", "'" + std::string(word) + "' is no command to a shift.", 400);
}

ShiftFile::ShiftFile(std::string folder, std::string name) {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    if (name.ends_with('.')) name.pop_back();
    for (char& c : name)
        if (c == '/') c = '_';
    path_ = folder + "/" + name + ".json";
    command_path_ = folder + "/" + name + ".command";
}

Status ShiftFile::write(const Json& state) const {
    return replace_file(path_, state.dump_pretty() + "\n");
}

Result<Json> ShiftFile::read() const {
    std::ifstream file(path_);
    std::stringstream text;
    text << file.rdbuf();
    auto parsed = file ? Json::parse(text.str()) : fail("NoSuchShift", "");
    if (!parsed)
        return fail("NoSuchShift",
                    "No shift of that name was ever started here (" + path_ + " is not there).",
                    404);
    return parsed;
}

Command ShiftFile::take_command() const {
    std::ifstream file(command_path_);
    std::string word;
    if (!(file >> word)) return Command::none;
    std::error_code ignored;
    std::filesystem::remove(command_path_, ignored);
    const auto command = parse_command(word);
    return command ? *command : Command::none;
}

Status ShiftFile::send(Command command) const {
    for (const CommandWord& one : command_words)
        if (one.command == command)
            return replace_file(command_path_, std::string(one.word) + "\n");
    return ok();
}

}  // namespace unkai::migration
