package yaql

type node interface{}
