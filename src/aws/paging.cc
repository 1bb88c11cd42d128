#include "aws/paging.h"

namespace unkai::aws {

// A version letter, so that the form can change, then the key.
std::string make_token(std::string_view key) { return base64("1" + std::string(key)); }

Result<std::string> read_token(std::string_view token, std::string_view code) {
    const auto text = from_base64(token);
    if (!text || text->size() < 2 || (*text)[0] != '1')
        return fail(std::string(code),
                    "The pagination token is not valid: it was not returned by this operation.",
                    400);
    return text->substr(1);
}

}  // namespace unkai::aws
