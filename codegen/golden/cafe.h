// Generated from models/cafe.json and cafe.ops. Not to be edited.
#pragma once

#include "base/service_info.h"
#include "rt/task.h"

namespace unkai::api::cafe {

struct Recipe;
struct BrewInput;
struct Cup;
struct ListCupsOutput;

namespace cup_size {
inline constexpr std::string_view small = "SMALL";
inline constexpr std::string_view extra_large = "EXTRA-LARGE";
inline constexpr std::string_view default_ = "default";
}

struct Recipe {
    std::optional<std::string> step;
    ::unkai::Box<Recipe> else_;
    ::unkai::List<Recipe> then;
    static const ::unkai::ShapeInfo shape_info;
};

struct BrewInput {
    std::string bean_name;
    std::string cup_size;
    std::optional<int32_t> sugar;
    std::optional<::unkai::Time> until;
    std::optional<Recipe> recipe;
    ::unkai::Map<std::string> notes;
    static const ::unkai::ShapeInfo shape_info;
};

struct Cup {
    std::optional<std::string> cup_id;
    std::optional<std::string> size;
    std::optional<double> cost;
    static const ::unkai::ShapeInfo shape_info;
};

struct ListCupsOutput {
    ::unkai::List<Cup> cups;
    std::optional<std::string> next_token;
    static const ::unkai::ShapeInfo shape_info;
};

struct ListCupsInput {
    static const ::unkai::ShapeInfo shape_info;
};

template <::unkai::Shaped T>
bool operator==(const T& left, const T& right) {
    return ::unkai::same_shape(T::shape_info, &left, &right);
}

using BrewOutput = Cup;

namespace errors {
inline constexpr ::unkai::ErrorKind OutOfBeans = {"OutOfBeans", 409};
}  // namespace errors

class Service {
public:
    virtual ~Service() = default;
    virtual ::unkai::Task<::unkai::Result<BrewOutput>> Brew(
        ::unkai::aws::Call& call, const BrewInput& in) = 0;
    virtual ::unkai::Result<ListCupsOutput> ListCups(
        ::unkai::aws::Call& call, const ListCupsInput& in) = 0;
};

extern const ::unkai::ServiceInfo info;
inline ::unkai::BoundService bind(Service& service) { return {&info, &service}; }

namespace op {
struct Brew {
    using Input = BrewInput;
    using Output = BrewOutput;
    static constexpr std::string_view service = "cafe";
    static constexpr std::string_view name = "Brew";
    static const ::unkai::OperationInfo& info() {
        return api::cafe::info.operations[0];
    }
};
struct ListCups {
    using Input = ListCupsInput;
    using Output = ListCupsOutput;
    static constexpr std::string_view service = "cafe";
    static constexpr std::string_view name = "ListCups";
    static const ::unkai::OperationInfo& info() {
        return api::cafe::info.operations[1];
    }
};
}  // namespace op

}  // namespace unkai::api::cafe
