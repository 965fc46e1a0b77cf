from innkeeper import errors

# What is tested here happens during a request.
errors.is_importing = False
