// CloudFront's lists: Quantity says how many Items there are.
#pragma once

#include "api/cloudfront.h"

namespace unkai::services::cloudfront {

template <class Listed>
Status check_quantity(const Listed& list) {
    if (list.quantity == static_cast<int32_t>(list.items.size())) return ok();
    return api::cloudfront::errors::InconsistentQuantities(
        "The value of Quantity and the size of Items don't match.");
}
template <class Listed>
Status check_quantity(const std::optional<Listed>& list) {
    return list ? check_quantity(*list) : ok();
}

}  // namespace unkai::services::cloudfront
