module sdk-tests

go 1.27.1

require innkeeper-sdk v0.0.0

replace innkeeper-sdk => ./sdk
