// The value of an expression of a template: intrinsic functions, pseudo parameters, conditions.
// Pure.
//
//     TRY(values.conditions, evaluate_conditions(values));
//     TRY(const Json properties, evaluate(resource.properties, values));
//
// {"Ref": "AWS::NoValue"} removes the member or element that it stands for. Numbers and booleans
// stay as written, so that whoever takes a property decides what it must be. Text with
// {{resolve:…}} stays as it is (dynamic_reference.h). Fn::Length and Fn::ToJsonString need
// Transform: AWS::LanguageExtensions.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
#pragma once

#include <functional>
#include <map>

#include "services/cloudformation/template.h"

namespace unkai::services::cloudformation {

// What the functions take their values from.
struct Values {
    const Template& declared;
    std::string account, region, stack_name, stack_id;
    std::vector<std::string> notification_arns;
    std::map<std::string, Json> parameters;  // A string, or a list of strings.
    std::map<std::string, bool> conditions;
    // What Ref and Fn::GetAtt of a resource are; called only for resources that are active.
    std::function<Result<Json>(const std::string& resource)> reference;
    std::function<Result<Json>(const std::string& resource, const std::string& attribute)>
        attribute;
    std::function<Result<std::string>(const std::string& name)> import_value;
    std::function<std::vector<std::string>(const std::string& region)> availability_zones;

    // A resource without a condition, or whose condition holds.
    bool is_active(const Resource& resource) const;
};

Result<Json> evaluate(const Json& expression, const Values& values);

// All conditions of values.declared. Error: one that refers to itself.
Result<std::map<std::string, bool>> evaluate_conditions(const Values& values);

// Every Fn::If replaced by the branch that its condition takes; the rest untouched.
Json take_branches(const Json& expression, const std::map<std::string, bool>& conditions);

// Fn::Cidr: `count` blocks of 2^`bits` addresses inside `block`, IPv4 or IPv6.
Result<std::vector<std::string>> divide_cidr(std::string_view block, int64_t count, int64_t bits);

}  // namespace unkai::services::cloudformation
