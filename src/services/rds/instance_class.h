// Instance classes of Aurora MySQL and the formulas of parameters. Pure.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unkai::services::rds {

struct InstanceClass {
    std::string name;   // db.r6g.large
    double memory_gib;  // What AWS calls DBInstanceClassMemory: less than the machine's memory.
    int cpus;
};

// Those that can be ordered, in AWS's order.
const std::vector<InstanceClass>& instance_classes();
const InstanceClass* find_class(std::string_view name);

// A parameter's value for a class: "GREATEST({log(DBInstanceClassMemory/805306368)*45},…)",
// "{DBInstanceClassMemory*3/4}". Plain values come back as they are. nullopt: the formula is
// broken.
std::optional<std::string> evaluate(std::string_view value, double memory_bytes);

}  // namespace unkai::services::rds
