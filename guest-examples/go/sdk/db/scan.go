package db

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"
)

// scanner is what the types of database/sql that may be NULL implement.
type scanner interface{ Scan(source any) error }

var (
	scannerType = reflect.TypeFor[scanner]()
	rowType     = reflect.TypeFor[Row]()
	// wholeTypes are structs and slices that are one value, not several columns or JSON.
	wholeTypes = map[reflect.Type]bool{
		reflect.TypeFor[time.Time](): true,
		reflect.TypeFor[Date]():      true,
		reflect.TypeFor[TimeOfDay](): true,
		reflect.TypeFor[DateTime]():  true,
		reflect.TypeFor[Other]():     true,
	}
)

// plan says how rows with certain columns become values of T.
type plan[T any] struct {
	columns []string
	// fields has the index of the field of each column; nil where T takes the only column.
	fields [][]int
	isRow  bool
}

func planFor[T any](columns []string) (plan[T], error) {
	kind := reflect.TypeFor[T]()
	made := plan[T]{columns: columns, isRow: kind == rowType}
	if made.isRow {
		return made, nil
	}
	if kind.Kind() != reflect.Struct || wholeTypes[kind] || reflect.PointerTo(kind).Implements(scannerType) {
		if len(columns) != 1 {
			return made, badParameter("the query has %d columns, and %v takes one", len(columns), kind)
		}
		return made, nil
	}
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(kind) {
		if name := columnOf(field); name != "" {
			fields[name] = field.Index
		}
	}
	for _, column := range columns {
		index, found := fields[column]
		if !found {
			index, found = fields[plain(column)]
		}
		if !found {
			return made, badParameter("%v has no field for the column %q", kind, column)
		}
		made.fields = append(made.fields, index)
	}
	return made, nil
}

// columnOf is the name by which a column finds the field; none for a field that takes none.
func columnOf(field reflect.StructField) string {
	tag := field.Tag.Get("db")
	switch {
	case !field.IsExported() || tag == "-" || field.Anonymous && tag == "":
		return ""
	case tag != "":
		return tag
	}
	return plain(field.Name)
}

// plain makes CreatedAt and created_at the same.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

func (p plan[T]) read(row Row) (item T, err error) {
	target := reflect.ValueOf(&item).Elem()
	switch {
	case p.isRow:
		target.Set(reflect.ValueOf(row))
	case p.fields == nil:
		err = assign(target, p.columns[0], row.values[0])
	}
	for i, index := range p.fields {
		if err := assign(fieldAt(target, index), p.columns[i], row.values[i]); err != nil {
			return item, err
		}
	}
	return item, err
}

// fieldAt is FieldByIndex, but makes the embedded structs that a pointer leads to.
func fieldAt(value reflect.Value, index []int) reflect.Value {
	for i, at := range index {
		if i > 0 && value.Kind() == reflect.Pointer {
			if value.IsNil() {
				value.Set(reflect.New(value.Type().Elem()))
			}
			value = value.Elem()
		}
		value = value.Field(at)
	}
	return value
}

func scanInto(destination any, column string, value any) error {
	target := reflect.ValueOf(destination)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return badParameter("the destination of the column %q is %T, which is no pointer", column, destination)
	}
	return assign(target.Elem(), column, value)
}

func assign(target reflect.Value, column string, value any) error {
	if scanner, ok := target.Addr().Interface().(scanner); ok {
		if err := scanner.Scan(value); err != nil {
			return badParameter("the column %q: %v", column, err)
		}
		return nil
	}
	if value == nil {
		if !mayBeNil(target) {
			return badParameter("the column %q is NULL, and %v cannot be; take *%v", column, target.Type(), target.Type())
		}
		target.SetZero()
		return nil
	}
	source := reflect.ValueOf(value)
	if source.Type().AssignableTo(target.Type()) {
		target.Set(source)
		return nil
	}
	if target.Kind() == reflect.Pointer {
		if document, ok := value.(json.RawMessage); ok && isDocument(target.Type().Elem()) {
			return decode(target, column, document)
		}
		target.Set(reflect.New(target.Type().Elem()))
		return assign(target.Elem(), column, value)
	}
	if document, ok := value.(json.RawMessage); ok && isDocument(target.Type()) {
		return decode(target, column, document)
	}
	if !convert(target, value) {
		return badParameter("the column %q has a %T, which does not fit %v", column, value, target.Type())
	}
	return nil
}

func mayBeNil(target reflect.Value) bool {
	switch target.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return false
}

// isDocument reports whether a value of the type is read from JSON.
func isDocument(kind reflect.Type) bool {
	switch kind.Kind() {
	case reflect.Struct:
		return !wholeTypes[kind]
	case reflect.Slice:
		return kind.Elem().Kind() != reflect.Uint8
	case reflect.Map, reflect.Array:
		return kind != reflect.TypeFor[UUID]()
	}
	return false
}

func decode(target reflect.Value, column string, document json.RawMessage) error {
	if err := json.Unmarshal(document, target.Addr().Interface()); err != nil {
		return badParameter("the column %q: %v", column, err)
	}
	return nil
}

// convert puts a value into a type of the same kind where nothing is lost.
func convert(target reflect.Value, value any) bool {
	kind := target.Kind()
	switch value := value.(type) {
	case int64:
		return convertInteger(target, value)
	case float64:
		if kind != reflect.Float64 && (kind != reflect.Float32 || !fits32(value)) {
			return false
		}
		target.SetFloat(value)
	case bool:
		if kind != reflect.Bool {
			return false
		}
		target.SetBool(value)
	case string:
		if kind != reflect.String || target.Type() == reflect.TypeFor[Decimal]() {
			return false
		}
		target.SetString(value)
	case []byte, json.RawMessage:
		if kind != reflect.Slice || target.Type().Elem().Kind() != reflect.Uint8 {
			return false
		}
		target.SetBytes(reflect.ValueOf(value).Bytes())
	default:
		return false
	}
	return true
}

func convertInteger(target reflect.Value, value int64) bool {
	switch {
	case target.CanInt() && !target.OverflowInt(value):
		target.SetInt(value)
	case target.CanUint() && value >= 0 && !target.OverflowUint(uint64(value)):
		target.SetUint(uint64(value))
	// SQLite says 1 and 0 for a comparison in a result.
	case target.Kind() == reflect.Bool && (value == 0 || value == 1):
		target.SetBool(value == 1)
	case target.Kind() == reflect.Float64 && int64(float64(value)) == value && float64(value) < 1<<63:
		target.SetFloat(float64(value))
	default:
		return false
	}
	return true
}

func fits32(value float64) bool {
	return float64(float32(value)) == value || math.IsNaN(value)
}
