#include "base/error.h"

namespace unkai {

Error::Error() = default;
Error::Error(std::string its_code, std::string its_message, int its_status,
             std::vector<std::pair<std::string, std::string>> its_fields)
    : code(std::move(its_code)),
      message(std::move(its_message)),
      status(its_status),
      fields(std::move(its_fields)) {}
Error::Error(const Error& other) = default;
Error::Error(Error&& other) noexcept = default;
Error& Error::operator=(const Error& other) = default;
Error& Error::operator=(Error&& other) noexcept = default;
Error::~Error() = default;

Error Error::with(std::string name, std::string value) && {
    fields.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
}

Error ErrorKind::operator()(std::string message) const {
    return Error(code, std::move(message), status);
}

ErrorBox::ErrorBox(Error error) : error_(new Error(std::move(error))) {}
ErrorBox::ErrorBox(const ErrorBox& other)
    : error_(other.error_ ? new Error(*other.error_) : nullptr) {}
void ErrorBox::erase(Error* error) noexcept { delete error; }

Unexpected unexpected(Error error) { return Unexpected{ErrorBox(std::move(error))}; }

Unexpected fail(std::string code, std::string message, int status) {
    return unexpected(Error(std::move(code), std::move(message), status));
}

}  // namespace unkai
