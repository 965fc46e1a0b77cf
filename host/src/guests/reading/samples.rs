//! Small modules and components for tests.

use wasm_encoder::{
    CodeSection, Component, ComponentExportKind, ComponentExportSection, ComponentImportSection,
    ComponentInstanceSection, ComponentTypeRef, ComponentTypeSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, InstanceType, Module, ModuleSection, PrimitiveValType, TypeBounds,
    TypeSection,
};

/// A module with imported and exported functions that do nothing.
pub(in crate::guests) fn module(imports: &[(&str, &str)], exports: &[&str]) -> Vec<u8> {
    let (mut types, mut imported) = (TypeSection::new(), ImportSection::new());
    types.ty().function([], []);
    for (module, name) in imports {
        imported.import(module, name, EntityType::Function(0));
    }
    let (mut functions, mut exported, mut code) =
        (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    for (name, index) in exports.iter().zip(u32::try_from(imports.len()).unwrap()..) {
        functions.function(0);
        exported.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().end();
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&imported).section(&functions).section(&exported).section(&code);
    module.finish()
}

/// A component that imports interfaces with a function `x` which nobody has, and exports interfaces
/// without anything in them.
pub(in crate::guests) fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    let mut instance = InstanceType::new();
    instance.ty().function().params::<[(&str, PrimitiveValType); 0], _>([]).result(None);
    instance.export("x", ComponentTypeRef::Func(0));
    types.instance(&instance);
    with(&types, imports, exports)
}

/// What may be in an interface.
#[derive(Debug, Clone, Copy)]
pub(in crate::guests) enum Item {
    Function(&'static str),
    Resource(&'static str),
}

/// A component that imports an interface with this in it. A function takes and gives nothing.
pub(in crate::guests) fn component_with(interface: &str, item: Item) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    let mut instance = InstanceType::new();
    match item {
        Item::Function(name) => {
            instance.ty().function().params::<[(&str, PrimitiveValType); 0], _>([]).result(None);
            instance.export(name, ComponentTypeRef::Func(0));
        }
        Item::Resource(name) => {
            instance.export(name, ComponentTypeRef::Type(TypeBounds::SubResource));
        }
    }
    types.instance(&instance);
    with(&types, &[interface], &[])
}

/// A component that imports an interface with a type alone.
pub(in crate::guests) fn component_of_types(import: &str, export: &str) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    let mut instance = InstanceType::new();
    instance.ty().defined_type().primitive(PrimitiveValType::U32);
    instance.export("number", ComponentTypeRef::Type(TypeBounds::Eq(0)));
    types.instance(&instance);
    with(&types, &[import], &[export])
}

fn with(types: &ComponentTypeSection, imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut imported = ComponentImportSection::new();
    for import in imports {
        imported.import(*import, ComponentTypeRef::Instance(0));
    }
    let mut instances = ComponentInstanceSection::new();
    instances.export_items(std::iter::empty::<(&str, ComponentExportKind, u32)>());
    let mut exported = ComponentExportSection::new();
    for export in exports {
        let instance = u32::try_from(imports.len()).unwrap();
        exported.export(*export, ComponentExportKind::Instance, instance, None);
    }
    let mut component = Component::new();
    component.section(types).section(&imported).section(&instances).section(&exported);
    component.finish()
}

/// A component around a module.
pub(in crate::guests) fn around(module: &Module) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(module));
    component.finish()
}
