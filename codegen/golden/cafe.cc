// Generated from models/cafe.json and cafe.ops. Not to be edited.
#include "api/cafe.h"

#include "base/shape_tables.h"

#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace unkai::api::cafe {

namespace tables {
extern const ::unkai::ShapeInfo BeanName;
extern const ::unkai::ShapeInfo CupList;
extern const ::unkai::ShapeInfo CupSize;
extern const ::unkai::ShapeInfo Notes;
extern const ::unkai::ShapeInfo Recipes;
static constexpr ::unkai::Constraints BeanName_constraints = {.min = 1.0, .max = 20.0, .pattern = "[a-z]+"};
static constexpr std::string_view CupSize_values[] = {"SMALL", "EXTRA-LARGE", "default"};
static constexpr ::unkai::Constraints CupSize_constraints = {.values = CupSize_values, .value_count = 3};
static constexpr ::unkai::Constraints Notes_constraints = {.max = 10.0};
constinit const ::unkai::ShapeInfo BeanName = {.kind = ::unkai::Kind::string, .constraints = &BeanName_constraints};
constinit const ::unkai::ShapeInfo CupList = {.kind = ::unkai::Kind::list, .element = &Cup::shape_info, .list = &::unkai::list_ops<Cup>};
constinit const ::unkai::ShapeInfo CupSize = {.kind = ::unkai::Kind::string, .constraints = &CupSize_constraints};
constinit const ::unkai::ShapeInfo Notes = {.kind = ::unkai::Kind::map, .element = &::unkai::shapes::string, .map = &::unkai::map_ops<std::string>, .constraints = &Notes_constraints, .key_constraints = &BeanName_constraints};
constinit const ::unkai::ShapeInfo Recipes = {.kind = ::unkai::Kind::list, .element = &Recipe::shape_info, .list = &::unkai::list_ops<Recipe>};
}  // namespace tables

static constexpr ::unkai::MemberInfo Recipe_members[] = {
    {"Step", "Step", &::unkai::shapes::string, &::unkai::optional_storage<std::string>, offsetof(Recipe, step), ::unkai::Location::body, 0},
    {"Else", "Else", &Recipe::shape_info, &::unkai::box_storage<Recipe>, offsetof(Recipe, else_), ::unkai::Location::body, 0},
    {"Then", "Then", &tables::Recipes, &::unkai::given_storage<::unkai::List<Recipe>>, offsetof(Recipe, then), ::unkai::Location::body, 0},
};
constinit const ::unkai::ShapeInfo Recipe::shape_info = {.kind = ::unkai::Kind::structure, .name = "Recipe", .members = Recipe_members, .member_count = 3};
static constexpr ::unkai::MemberInfo BrewInput_members[] = {
    {"BeanName", "BeanName", &tables::BeanName, nullptr, offsetof(BrewInput, bean_name), ::unkai::Location::body, ::unkai::MemberInfo::required},
    {"cupSize", "cupSize", &tables::CupSize, nullptr, offsetof(BrewInput, cup_size), ::unkai::Location::body, ::unkai::MemberInfo::required},
    {"Sugar", "Sugar", &::unkai::shapes::int32, &::unkai::optional_storage<int32_t>, offsetof(BrewInput, sugar), ::unkai::Location::body, 0},
    {"Until", "Until", &::unkai::shapes::timestamp_iso8601, &::unkai::optional_storage<::unkai::Time>, offsetof(BrewInput, until), ::unkai::Location::body, 0},
    {"Recipe", "Recipe", &Recipe::shape_info, &::unkai::optional_storage<Recipe>, offsetof(BrewInput, recipe), ::unkai::Location::body, 0},
    {"Notes", "Notes", &tables::Notes, &::unkai::given_storage<::unkai::Map<std::string>>, offsetof(BrewInput, notes), ::unkai::Location::body, 0},
};
constinit const ::unkai::ShapeInfo BrewInput::shape_info = {.kind = ::unkai::Kind::structure, .name = "BrewRequest", .members = BrewInput_members, .member_count = 6, .create = ::unkai::create_shape<BrewInput>, .destroy = ::unkai::destroy_shape<BrewInput>};
static constexpr ::unkai::MemberInfo Cup_members[] = {
    {"CupId", "CupId", &::unkai::shapes::string, &::unkai::optional_storage<std::string>, offsetof(Cup, cup_id), ::unkai::Location::body, 0},
    {"Size", "Size", &tables::CupSize, &::unkai::optional_storage<std::string>, offsetof(Cup, size), ::unkai::Location::body, 0},
    {"Cost", "Cost", &::unkai::shapes::number, &::unkai::optional_storage<double>, offsetof(Cup, cost), ::unkai::Location::body, 0},
};
constinit const ::unkai::ShapeInfo Cup::shape_info = {.kind = ::unkai::Kind::structure, .name = "Cup", .members = Cup_members, .member_count = 3, .create = ::unkai::create_shape<Cup>, .destroy = ::unkai::destroy_shape<Cup>};
static constexpr ::unkai::MemberInfo ListCupsOutput_members[] = {
    {"Cups", "Cups", &tables::CupList, &::unkai::given_storage<::unkai::List<Cup>>, offsetof(ListCupsOutput, cups), ::unkai::Location::body, 0},
    {"NextToken", "NextToken", &::unkai::shapes::string, &::unkai::optional_storage<std::string>, offsetof(ListCupsOutput, next_token), ::unkai::Location::body, 0},
};
constinit const ::unkai::ShapeInfo ListCupsOutput::shape_info = {.kind = ::unkai::Kind::structure, .name = "ListCupsResponse", .members = ListCupsOutput_members, .member_count = 2, .create = ::unkai::create_shape<ListCupsOutput>, .destroy = ::unkai::destroy_shape<ListCupsOutput>};
constinit const ::unkai::ShapeInfo ListCupsInput::shape_info = {.kind = ::unkai::Kind::structure, .name = "ListCupsInput", .create = ::unkai::create_shape<ListCupsInput>, .destroy = ::unkai::destroy_shape<ListCupsInput>};


template <class Op, auto Method>
static ::unkai::Status invoke(void* service, ::unkai::aws::Call& call, const void* in, void* out) {
    auto result = (static_cast<Service*>(service)->*Method)(
        call, *static_cast<const typename Op::Input*>(in));
    if (!result) return result.failure();
    ::unkai::replace_shape(out, std::move(*result));
    return ::unkai::ok();
}


template <class Op, auto Method>
static ::unkai::Task<::unkai::Status> invoke_async(void* service, ::unkai::aws::Call& call,
                                                   const void* in, void* out) {
    auto result = co_await (static_cast<Service*>(service)->*Method)(
        call, *static_cast<const typename Op::Input*>(in));
    if (!result) co_return result.failure();
    ::unkai::replace_shape(out, std::move(*result));
    co_return ::unkai::ok();
}

static constexpr std::string_view Brew_errors[] = {"OutOfBeans"};
static constexpr ::unkai::OperationInfo operations[] = {
    {.name = "Brew", .method = "POST", .uri = "/", .status = 200, .input = &BrewInput::shape_info, .output = &BrewOutput::shape_info, .output_element = "BrewResult", .errors = Brew_errors, .error_count = 1, .invoke_async = invoke_async<op::Brew, &Service::Brew>},
    {.name = "ListCups", .method = "POST", .uri = "/", .status = 200, .input = &ListCupsInput::shape_info, .output = &ListCupsOutput::shape_info, .output_element = "ListCupsResult", .invoke = invoke<op::ListCups, &Service::ListCups>},
};

static constexpr ::unkai::Protocol protocols[] = {::unkai::Protocol::json, ::unkai::Protocol::query};

static constexpr ::unkai::ErrorInfo error_table[] = {
    {"OutOfBeans", "Cafe.OutOfBeans", 409, true, false},
};

const ::unkai::ServiceInfo info = {
    .name = "cafe",
    .service_id = "Cafe",
    .endpoint_prefix = "cafe",
    .signing_name = "cafe",
    .target_prefix = "Cafe_20260101",
    .api_version = "2026-01-01",
    .xmlns = "",
    .json_version = "1.0",
    .global = false,
    .query_compatible = true,
    .protocols = protocols,
    .protocol_count = 2,
    .operations = operations,
    .operation_count = 2,
    .unpromised = 
    "CloseShop POST /" "\n",
    .errors = error_table,
    .error_count = 1,
};

}  // namespace unkai::api::cafe
