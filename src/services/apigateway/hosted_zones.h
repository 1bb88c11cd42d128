// Route 53's zones of API Gateway's regional domain names, the targets of aliases. Pure.
// https://docs.aws.amazon.com/general/latest/gr/apigateway.html
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace unkai::services::apigateway {

inline constexpr std::string_view distribution_zone = "Z2FDTNDATAQYW2";

inline std::string_view regional_zone(std::string_view region) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 20> zones = {{
        {"us-east-1", "Z1UJRXOUMOOFQ8"},      {"us-east-2", "ZOJJZC49E0EPZ"},
        {"us-west-1", "Z2MUQ32089INYE"},      {"us-west-2", "Z2OJLYMUO9EFXC"},
        {"af-south-1", "Z2DHW2332DAMTN"},     {"ap-east-1", "Z3FD1VL90ND7K5"},
        {"ap-south-1", "Z3VO1THU9YC4UR"},     {"ap-northeast-1", "Z1YSHQZHG15GKL"},
        {"ap-northeast-2", "Z20JF4UZKIW1U8"}, {"ap-northeast-3", "Z22ILHG95FLSZ2"},
        {"ap-southeast-1", "ZL327KTPIQFUL"},  {"ap-southeast-2", "Z2RPCDW04V8134"},
        {"ca-central-1", "Z19DQILCV0OWEC"},   {"eu-central-1", "Z1U9ULNL0V5AJ3"},
        {"eu-west-1", "ZLY8HYME6SFDD"},       {"eu-west-2", "ZJ5UAJN8Y3Z2Q"},
        {"eu-west-3", "Z3KY65QIEKYHQQ"},      {"eu-north-1", "Z3UWIKFBOOGXPP"},
        {"me-south-1", "Z20ZBPC0SS8806"},     {"sa-east-1", "ZCMLWB8V5SYIT"},
    }};
    for (const auto& [name, zone] : zones)
        if (name == region) return zone;
    return zones[0].second;
}

}  // namespace unkai::services::apigateway
