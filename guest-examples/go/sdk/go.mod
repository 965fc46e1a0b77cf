module innkeeper-sdk

go 1.27.1
